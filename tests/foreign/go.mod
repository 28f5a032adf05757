module foreign

go 1.27
