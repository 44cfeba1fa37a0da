"""Every write about plans, doses and reminders."""
