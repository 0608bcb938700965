"""What is concluded from the records: intervals, paired effects, the published figures. Frames and arrays in and out."""
