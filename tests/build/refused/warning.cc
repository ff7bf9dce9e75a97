int Answer();
int Answer() {
  int unused = 1;
  return 42;
}
