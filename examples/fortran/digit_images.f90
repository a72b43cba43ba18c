!> Two sets of pictures of handwritten digits as arrays: x(pixels, samples) with values in 0 .. 1, labels 0 .. 9.
module digit_images
  use, intrinsic :: iso_fortran_env, only: int8, real32
  implicit none
  private
  public :: digit_set, hold_out, read_digits, read_mnist

  type :: digit_set
    real(real32), allocatable :: x(:, :)
    integer, allocatable :: labels(:)
    integer :: width = 0
      !! A picture has width * width pixels, row by row from the top.
  end type

contains

  subroutine read_digits(file, train, test, message)
    !! The 1,797 pictures of 8 x 8 pixels of examples/data, one a line: 64 values 0 .. 16, then the class.
    !!
    !! Every fifth line, the first included, is for testing (360), the others are for training (1,437). The lines are
    !! ordered by writer, so both parts hold pictures of the same hands.
    character(*), intent(in) :: file
    type(digit_set), intent(out) :: train, test
    character(:), allocatable, intent(inout) :: message
      !! Allocated in a failure.
    integer, parameter :: width = 8, lines = 1797, tests = 360
    integer :: line, status, train_count, test_count, unit, values(width * width + 1)
    character(256) :: reason
    train%width = width
    test%width = width
    allocate (train%x(width * width, lines - tests), train%labels(lines - tests))
    allocate (test%x(width * width, tests), test%labels(tests))
    train_count = 0
    test_count = 0
    open (newunit=unit, file=file, status="old", action="read", iostat=status, iomsg=reason)
    do line = 1, lines
      if (status == 0) read (unit, *, iostat=status, iomsg=reason) values
      if (status /= 0) then
        message = "cannot read " // file // ": " // trim(reason)
        return
      end if
      if (mod(line, 5) == 1) then
        test_count = test_count + 1
        test%x(:, test_count) = real(values(:width * width), real32) / 16
        test%labels(test_count) = values(width * width + 1)
      else
        train_count = train_count + 1
        train%x(:, train_count) = real(values(:width * width), real32) / 16
        train%labels(train_count) = values(width * width + 1)
      end if
    end do
    close (unit)
  end subroutine

  subroutine read_mnist(directory, train, test, message)
    !! MNIST as it is distributed, unpacked: four IDX files.
    character(*), intent(in) :: directory
    type(digit_set), intent(out) :: train, test
    character(:), allocatable, intent(inout) :: message
      !! Allocated in a failure.
    call read_idx(directory // "/train-images-idx3-ubyte", directory // "/train-labels-idx1-ubyte", train, message)
    if (.not. allocated(message)) then
      call read_idx(directory // "/t10k-images-idx3-ubyte", directory // "/t10k-labels-idx1-ubyte", test, message)
    end if
  end subroutine

  subroutine hold_out(train, test)
    !! The last sixth of the pictures for training takes the place of those for testing: 10,000 of MNIST's 60,000, 239 of the
    !! 1,437 small ones. A recipe that is chosen by the error on them owes nothing to the pictures for testing.
    type(digit_set), intent(inout) :: train, test
    integer :: kept
    kept = size(train%labels) - size(train%labels) / 6
    test%x = train%x(:, kept + 1:)
    test%labels = train%labels(kept + 1:)
    train%x = train%x(:, :kept)
    train%labels = train%labels(:kept)
  end subroutine

  subroutine read_idx(image_file, label_file, set, message)
    !! An IDX file is a magic number and the extents, big-endian integers of four bytes, then unsigned bytes.
    character(*), intent(in) :: image_file, label_file
    type(digit_set), intent(out) :: set
    character(:), allocatable, intent(inout) :: message
    integer, parameter :: images_magic = 2051, labels_magic = 2049
    integer(int8) :: image_header(4, 4), label_header(4, 2)
    integer(int8), allocatable :: pixels(:, :), classes(:)
    integer :: image_unit, label_unit, samples, status
    character(256) :: reason
    open (newunit=image_unit, file=image_file, access="stream", form="unformatted", status="old", action="read", &
          iostat=status, iomsg=reason)
    if (status == 0) read (image_unit, iostat=status, iomsg=reason) image_header
    if (status /= 0) then
      message = "cannot read " // image_file // ": " // trim(reason)
      return
    end if
    open (newunit=label_unit, file=label_file, access="stream", form="unformatted", status="old", action="read", &
          iostat=status, iomsg=reason)
    if (status == 0) read (label_unit, iostat=status, iomsg=reason) label_header
    if (status /= 0) then
      message = "cannot read " // label_file // ": " // trim(reason)
      return
    end if
    samples = big_endian(image_header(:, 2))
    set%width = big_endian(image_header(:, 3))
    if (big_endian(image_header(:, 1)) /= images_magic .or. big_endian(label_header(:, 1)) /= labels_magic .or. &
        samples < 1 .or. big_endian(label_header(:, 2)) /= samples .or. set%width < 1 .or. &
        big_endian(image_header(:, 4)) /= set%width) then
      message = image_file // " and " // label_file // " are not square pictures and as many labels in IDX format"
      return
    end if
    allocate (pixels(set%width**2, samples), classes(samples))
    read (image_unit, iostat=status, iomsg=reason) pixels
    if (status == 0) read (label_unit, iostat=status, iomsg=reason) classes
    if (status /= 0) then
      message = "cannot read " // image_file // " or " // label_file // ": " // trim(reason)
      return
    end if
    close (image_unit)
    close (label_unit)
    set%x = real(iand(int(pixels), 255), real32) / 255
    set%labels = iand(int(classes), 255)
  end subroutine

  pure integer function big_endian(bytes)
    integer(int8), intent(in) :: bytes(4)
    integer :: i
    big_endian = 0
    do i = 1, 4
      big_endian = ior(ishft(big_endian, 8), iand(int(bytes(i)), 255))
    end do
  end function

end module digit_images
