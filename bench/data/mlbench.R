# Writes data sets of the R package mlbench as numbers, the class last and from 0, NA as -1:
#
#   Rscript mlbench.R FOLDER
#
# The package is under the GPL, version 2; its tables are from the UCI Machine Learning Repository.
# Nothing of them belongs to this project, which only reads what is installed.

folder <- commandArgs(trailingOnly = TRUE)[1]

# The column of each that is the class.
classes <- c(
  DNA = "Class", Glass = "Type", Ionosphere = "Class", LetterRecognition = "lettr",
  PimaIndiansDiabetes = "diabetes", Satellite = "classes", Shuttle = "Class",
  Sonar = "Class", Soybean = "Class", Vehicle = "Class", Vowel = "Class", Zoo = "type"
)

numbers <- function(column) {
  if (is.factor(column)) {
    values <- suppressWarnings(as.numeric(levels(column)))
    column <- if (anyNA(values)) as.integer(column) else values[column]
  }
  column <- as.numeric(column)
  column[is.na(column)] <- -1
  column
}

for (name in names(classes)) {
  data(list = name, package = "mlbench")
  table <- get(name)
  class <- classes[[name]]
  label <- as.integer(droplevels(table[[class]])) - 1
  features <- lapply(table[setdiff(names(table), class)], numbers)
  path <- file.path(folder, paste0(name, ".csv"))
  part <- paste0(path, ".part")
  write.table(data.frame(features, label), part,
    sep = ",", row.names = FALSE, col.names = FALSE
  )
  file.rename(part, path)
}
