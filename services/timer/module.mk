$(call service,deadline)
