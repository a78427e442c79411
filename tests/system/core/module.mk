$(call service,sysdesc tree)
