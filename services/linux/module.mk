$(call service,linux fs tree journal format sysdesc)
