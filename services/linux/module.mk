$(call service,linux tree journal format sysdesc)
