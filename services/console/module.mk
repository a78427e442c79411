$(call service,format)
