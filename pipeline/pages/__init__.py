"""The pages: one HTML file each that needs nothing beside it. base.html has their look, the others their words."""
