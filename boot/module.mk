$(call loader,base tree mem sodium)
