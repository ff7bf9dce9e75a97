// Files that are events: epoll (level, edge, one shot, closing), eventfd, timerfd.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "check.h"

enum { kMany = 4 };

static struct epoll_event told[kMany];

static int Add(int epoll, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void Change(int epoll, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  CHECK(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0);
}

static void Put(int fd) { CHECK(write(fd, "x", 1) == 1); }

static void TestLevel(void) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  int ends[2];
  CHECK(epoll >= 0 && pipe(ends) == 0);
  CHECK(fcntl(epoll, F_GETFD) == FD_CLOEXEC);
  CHECK(Add(epoll, ends[0], EPOLLIN) == 0);
  CHECK_ERRNO(Add(epoll, ends[0], EPOLLIN), EEXIST);
  CHECK(epoll_wait(epoll, told, kMany, 0) == 0);
  Put(ends[1]);
  for (int i = 0; i < 2; ++i) {  // as long as it is ready
    CHECK(epoll_wait(epoll, told, kMany, -1) == 1);
    CHECK(told[0].events == EPOLLIN && told[0].data.fd == ends[0]);
  }
  struct pollfd outer = {.fd = epoll, .events = POLLIN};
  CHECK(poll(&outer, 1, 0) == 1 && outer.revents == POLLIN);
  CHECK(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], told) == 0);
  CHECK_ERRNO(epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], told), ENOENT);
  CHECK(epoll_wait(epoll, told, kMany, 10) == 0);
  close(ends[0]), close(ends[1]), close(epoll);
}

static void TestEdgeAndOneShot(void) {
  const int epoll = epoll_create(1);
  int ends[2];
  CHECK(epoll >= 0 && pipe(ends) == 0);
  Put(ends[1]);
  CHECK(Add(epoll, ends[0], EPOLLIN | EPOLLET) == 0);
  CHECK(epoll_wait(epoll, told, kMany, 10) == 1);
  CHECK(epoll_wait(epoll, told, kMany, 10) == 0);
  Put(ends[1]);  // another edge, though nothing was read
  CHECK(epoll_wait(epoll, told, kMany, 10) == 1);
  Change(epoll, ends[0], EPOLLIN | EPOLLONESHOT);
  CHECK(epoll_wait(epoll, told, kMany, 10) == 1);
  CHECK(epoll_wait(epoll, told, kMany, 10) == 0);
  Change(epoll, ends[0], EPOLLIN | EPOLLONESHOT);
  CHECK(epoll_wait(epoll, told, kMany, 10) == 1);
  close(ends[0]), close(ends[1]), close(epoll);
}

// A file leaves with its last descriptor, and an instance does not keep it open.
static void TestClose(void) {
  const int epoll = epoll_create1(0);
  int ends[2];
  CHECK(epoll >= 0 && pipe(ends) == 0);
  CHECK(Add(epoll, ends[1], EPOLLOUT) == 0);
  CHECK(epoll_wait(epoll, told, kMany, 0) == 1);
  CHECK(close(ends[1]) == 0);
  CHECK(epoll_wait(epoll, told, kMany, 0) == 0);
  char byte;
  CHECK(read(ends[0], &byte, 1) == 0);  // the end: no writer is left
  CHECK(Add(epoll, ends[0], 0) == 0);
  CHECK(epoll_wait(epoll, told, kMany, 10) == 1 && told[0].events == EPOLLHUP);
  close(ends[0]), close(epoll);
}

static void TestErrors(void) {
  const int epoll = epoll_create1(0);
  const int file = open("/tmp/events_test", O_CREAT | O_RDWR, 0600);
  CHECK(epoll >= 0 && file >= 0);
  CHECK_ERRNO(Add(epoll, file, EPOLLIN), EPERM);
  CHECK_ERRNO(Add(epoll, epoll, EPOLLIN), EINVAL);
  CHECK_ERRNO(Add(epoll, 999, EPOLLIN), EBADF);
  CHECK_ERRNO(epoll_wait(epoll, told, 0, 0), EINVAL);
  CHECK_ERRNO(epoll_wait(file, told, 1, 0), EINVAL);
  CHECK_ERRNO(epoll_create1(12345), EINVAL);
  unlink("/tmp/events_test");
  close(file), close(epoll);
}

static void* PutLater(void* fd) {
  usleep(20000);
  Put(*(int*)fd);
  return NULL;
}

// What becomes ready, or is added, while a thread waits wakes it.
static void TestWake(void) {
  const int epoll = epoll_create1(0);
  int ends[2];
  CHECK(epoll >= 0 && pipe(ends) == 0);
  CHECK(Add(epoll, ends[0], EPOLLIN | EPOLLET) == 0);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, PutLater, &ends[1]) == 0);
  CHECK(epoll_wait(epoll, told, kMany, 5000) == 1);
  CHECK(pthread_join(thread, NULL) == 0);
  close(ends[0]), close(ends[1]), close(epoll);
}

static void TestEvent(void) {
  const int event = eventfd(3, EFD_NONBLOCK);
  CHECK(event >= 0);
  uint64_t value = 0;
  CHECK(read(event, &value, 8) == 8 && value == 3);
  CHECK_ERRNO(read(event, &value, 8), EAGAIN);
  CHECK_ERRNO(read(event, &value, 4), EINVAL);
  value = 5;
  CHECK(write(event, &value, 8) == 8 && write(event, &value, 8) == 8);
  CHECK(read(event, &value, 8) == 8 && value == 10);
  value = UINT64_MAX;
  CHECK_ERRNO(write(event, &value, 8), EINVAL);
  value = UINT64_MAX - 1;
  CHECK(write(event, &value, 8) == 8);
  struct pollfd poller = {.fd = event, .events = POLLIN | POLLOUT};
  CHECK(poll(&poller, 1, 0) == 1 && poller.revents == POLLIN);
  value = 1;
  CHECK_ERRNO(write(event, &value, 8), EAGAIN);
  close(event);
  const int semaphore = eventfd(2, EFD_SEMAPHORE);
  CHECK(read(semaphore, &value, 8) == 8 && value == 1);
  CHECK(read(semaphore, &value, 8) == 8 && value == 1);
  close(semaphore);
}

static void TestTimer(void) {
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  CHECK(timer >= 0);
  struct itimerspec every = {.it_interval.tv_nsec = 10000000, .it_value.tv_nsec = 10000000};
  CHECK(timerfd_settime(timer, 0, &every, NULL) == 0);
  uint64_t expired = 0;
  CHECK_ERRNO(read(timer, &expired, 8), EAGAIN);
  usleep(35000);
  CHECK(read(timer, &expired, 8) == 8 && expired >= 3);
  const int epoll = epoll_create1(0);
  CHECK(Add(epoll, timer, EPOLLIN) == 0);
  CHECK(epoll_wait(epoll, told, kMany, 5000) == 1);
  CHECK(timerfd_gettime(timer, &every) == 0 && every.it_interval.tv_nsec == 10000000);
  const struct itimerspec off = {0};
  CHECK(timerfd_settime(timer, 0, &off, NULL) == 0);
  CHECK(epoll_wait(epoll, told, kMany, 30) == 0);
  close(epoll), close(timer);
}

int main(void) {
  TestLevel();
  TestEdgeAndOneShot();
  TestClose();
  TestErrors();
  TestWake();
  TestEvent();
  TestTimer();
  puts("ok events_test");
  return 0;
}
