"""What is concluded from the results: intervals, paired effects. Frames in, frames out."""
