$(call lib,base)
$(call test_libs,-lcrypto)
