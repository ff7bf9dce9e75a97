#include <vector>

int Size() { return static_cast<int>(std::vector<int>{1}.size()); }
