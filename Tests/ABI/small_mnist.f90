!> Writes the bundled digits as MNIST is distributed, so that programs which read MNIST can be tested without it: each pixel becomes
!> three by three of them, with a margin of two around.
!>
!>     small_mnist FOLDER
program small_mnist
  use, intrinsic :: iso_fortran_env, only: error_unit, int8, real32
  use :: digit_images, only: digit_set, read_digits
  implicit none
  type(digit_set) :: train, test
  character(256) :: folder
  character(:), allocatable :: message
  call get_command_argument(1, folder)
  call read_digits("examples/data/digits.csv", train, test, message)
  if (allocated(message)) then
    write (error_unit, "(A)") message
    error stop 1
  end if
  call write_idx(trim(folder) // "/train", train)
  call write_idx(trim(folder) // "/t10k", test)

contains

  subroutine write_idx(name, set)
    character(*), intent(in) :: name
    type(digit_set), intent(in) :: set
    real(real32) :: small(8, 8)
    integer :: picture(28, 28), i, unit, x, y
    open (newunit=unit, file=name // "-images-idx3-ubyte", access="stream", form="unformatted", status="replace", action="write")
    write (unit) bytes(2051), bytes(size(set%labels)), bytes(28), bytes(28)
    do i = 1, size(set%labels)
      small = reshape(set%x(:, i), [8, 8])
      picture = 0
      do concurrent (x=3:5, y=3:5)
        picture(x:26:3, y:26:3) = nint(255 * small)
      end do
      write (unit) byte(picture)
    end do
    close (unit)
    open (newunit=unit, file=name // "-labels-idx1-ubyte", access="stream", form="unformatted", status="replace", action="write")
    write (unit) bytes(2049), bytes(size(set%labels)), byte(set%labels)
    close (unit)
  end subroutine

  elemental integer(int8) function byte(value)
    integer, intent(in) :: value
    byte = int(merge(value, value - 256, value < 128), int8)
  end function

  pure function bytes(value)
    !! Big-endian.
    integer, intent(in) :: value
    integer(int8) :: bytes(4)
    integer :: i
    bytes = [(byte(ibits(value, 24 - 8 * i, 8)), i=0, 3)]
  end function

end program small_mnist
