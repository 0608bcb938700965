"""What is concluded from the records: intervals, paired effects, the published figures; and the tables that hold it."""
