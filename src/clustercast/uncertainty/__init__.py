"""What a forecast says: summaries, milestones, claims, scenarios, stated tables."""
