module bearerd

go 1.19
