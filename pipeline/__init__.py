"""Weight sharing and an auxiliary loss, measured on networks that compare two handwritten digits."""
