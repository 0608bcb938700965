"""What is concluded from the records: intervals, paired effects, the published figures. Frames in, frames out."""
