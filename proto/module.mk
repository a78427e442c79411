$(call lib)
$(call skip,host asan fuzz arm64 linux kernel boot)
