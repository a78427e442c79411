$(call tool,,-lcrypto)
