"""Pages for people: queue, draft, publish confirmation, testers' page."""
