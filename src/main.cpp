#include <cstdio>

int main() {
    std::puts("fairlead");
    return 0;
}
