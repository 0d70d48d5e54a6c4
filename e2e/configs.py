"""Labeling configs; the task's column is ``image`` unless stated otherwise."""

_TEXT = (
    '<TextArea name="transcription" toName="image" editable="true" perRegion="true" maxSubmissions="1" rows="5"'
    ' placeholder="Recognized Text" displayMode="region-list"/>'
)

BOXES = f"""
<View>
  <Image name="image" value="$image" zoom="true" rotateControl="true"/>
  <RectangleLabels name="bbox" toName="image" smart="true">
    <Label value="Text" background="green"/>
    <Label value="Number" background="blue"/>
  </RectangleLabels>
  {_TEXT}
</View>
"""

# The template "Optical Character Recognition" of Label Studio 1.23, with smart tools and the column's name.
TEMPLATE = """
<View>
  <Image name="image" value="$image"/>

  <Labels name="label" toName="image">
    <Label value="Text" background="green"/>
    <Label value="Handwriting" background="blue"/>
  </Labels>

  <Rectangle name="bbox" toName="image" strokeWidth="3" smart="true"/>
  <Polygon name="poly" toName="image" strokeWidth="3" smart="true"/>

  <TextArea name="transcription" toName="image"
            editable="true"
            perRegion="true"
            required="true"
            maxSubmissions="1"
            rows="5"
            placeholder="Recognized Text"
            displayMode="region-list"
            />
</View>
"""

# The same, without a required field.
NEVER_ASKED_FOR = TEMPLATE.replace('smart="true"', 'smart="false"').replace('required="true"', "")

OTHER_NAMES = """
<View>
  <Image name="scan" value="$image"/>
  <RectangleLabels name="zones" toName="scan" smart="true">
    <Label value="Text"/>
  </RectangleLabels>
  <TextArea name="wording" toName="scan" perRegion="true" editable="true" rows="3" displayMode="region-list"/>
</View>
"""

COMMENT_FIRST = f"""
<View>
  <TextArea name="comment" toName="image" rows="2" placeholder="About the whole page"/>
  <Image name="image" value="$image"/>
  <RectangleLabels name="bbox" toName="image" smart="true">
    <Label value="Text"/>
  </RectangleLabels>
  {_TEXT}
</View>
"""

WITHOUT_SMART = BOXES.replace(' smart="true"', "")

ONLY_ASKED_FOR = BOXES.replace('smart="true"', 'smartOnly="true"')

# A TextArea for comments on each region, before the one for its text.
REGION_COMMENT_FIRST = f"""
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="bbox" toName="image">
    <Label value="Text"/>
  </RectangleLabels>
  <TextArea name="comment" toName="image" perRegion="true" editable="true" rows="2" displayMode="region-list"/>
  {_TEXT.replace("transcription", "text")}
</View>
"""

FILLED_AS_ASKED = REGION_COMMENT_FIRST.replace('name="comment"', 'name="comment" model_fill="true"')

MISSPELT = WITHOUT_SMART.replace("<RectangleLabels ", '<RectangleLabels model_langs="deu" ')

# With a byte order mark; Label Studio 1.23 accepts an encoding only after one.
DECLARED = '\ufeff<?xml version="1.0" encoding="UTF-8"?>' + WITHOUT_SMART

# Label Studio's front end accepts these names in any case, and ignores namespaces.
OTHER_CASE = (
    WITHOUT_SMART.replace("perRegion=", "perregion=")
    .replace("<Label ", "<label ")
    .replace("<View>", '<View xmlns="urn:example">')
)

# Columns: left, right.
TWO_IMAGES = """
<View>
  <View style="display: inline-block; width: 49%">
    <Image name="left" value="$left"/>
    <RectangleLabels name="left_box" toName="left" smart="true"><Label value="Original"/></RectangleLabels>
    <TextArea name="left_text" toName="left" perRegion="true" editable="true" rows="3" displayMode="region-list"/>
  </View>
  <View style="display: inline-block; width: 49%">
    <Image name="right" value="$right"/>
    <RectangleLabels name="right_box" toName="right" smart="true"><Label value="Copy"/></RectangleLabels>
    <TextArea name="right_text" toName="right" perRegion="true" editable="true" rows="3" displayMode="region-list"/>
  </View>
</View>
"""

# Column: pages, a list.
MANY_PAGES = BOXES.replace('value="$image"', 'valueList="$pages"')

# Column: images, a list of {"url": ...}.
REPEATER = """
<View>
  <Repeater on="$images" indexFlag="{{idx}}" mode="pagination">
    <Image name="page_{{idx}}" value="$images[{{idx}}].url"/>
    <RectangleLabels name="bbox_{{idx}}" toName="page_{{idx}}" smart="true">
      <Label value="Text"/>
    </RectangleLabels>
    <TextArea name="transcription_{{idx}}" toName="page_{{idx}}" perRegion="true" editable="true" rows="3"
              displayMode="region-list"/>
  </Repeater>
</View>
"""

CLICKS = f"""
<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="bbox" toName="image" smart="true"><Label value="Text"/></RectangleLabels>
  <KeyPointLabels name="click" toName="image" smart="true"><Label value="Text"/></KeyPointLabels>
  {_TEXT}
</View>
"""

# Column: images, a list of {"url": ...}.
REPEATER_ALONE = REPEATER.replace("<View>", "").replace("</View>", "").strip()

CLICKS_WITHOUT_SMART = CLICKS.replace(' smart="true"', "")

PLAIN_CLICKS = f"""
<View>
  <Image name="image" value="$image"/>
  <Labels name="label" toName="image"><Label value="Text"/></Labels>
  <Rectangle name="bbox" toName="image" smart="true"/>
  <KeyPoint name="click" toName="image" smart="true"/>
  {_TEXT}
</View>
"""

PREANNOTATED = BOXES.replace('perRegion="true"', 'perRegion="true" model_preannotate="lines"')

SPLIT = BOXES.replace('smart="true"', 'smart="true" model_split="lines"')

FITTED = BOXES.replace('smart="true"', 'smart="true" model_fit="text"')
