"""The places that pages come from: Label Studio, local files, S3, the web and data URIs."""
