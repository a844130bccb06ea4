"""A claim on paper: the CMS-1500 (02/12) as data for the pre-printed form, or as a readable sheet of our own drawing."""
