"""Coverage-guided fuzzing of the door: ``make fuzz``."""
