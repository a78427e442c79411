$(call service,tree order sysdesc journal)
