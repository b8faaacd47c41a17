"""监督工作台: the supervisors' page, a client of the same API as everybody else's."""
