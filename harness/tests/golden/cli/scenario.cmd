run 10-runbok
