$(call service,fs tree)
