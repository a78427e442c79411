$(call lib,base format proto)
