"""Where a draft can be installed: a resolver is asked for each environment, over pages that only the job serves."""
