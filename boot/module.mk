$(call loader,base tree mem sodium manifest fdt)
