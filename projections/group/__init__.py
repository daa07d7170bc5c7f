"""The worker group and the table's files, as Faust keeps them: what knows Faust stands here."""
