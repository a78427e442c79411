$(call lib,base tree sodium)
$(call skip,arm64 linux kernel)
