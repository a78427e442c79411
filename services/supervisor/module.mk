$(call service,fault restart sysdesc format)
