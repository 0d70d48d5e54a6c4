"""Reading a whole page: its orientation, its lines, and ink that was left out."""
