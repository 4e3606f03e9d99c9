"""Many at once: uploaders to one draft, testers on one link, readers during a publish. What is asked, answered, counted."""
