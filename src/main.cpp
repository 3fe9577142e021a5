#include "cli/main.h"

int main(int argc, char** argv) { return fairlead::cli::run(argc, argv); }
