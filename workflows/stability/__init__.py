"""Whether relaxed crystals are stable against every small motion and strain, by the potential."""
