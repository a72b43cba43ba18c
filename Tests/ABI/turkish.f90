! In a locale of Turkey, where the capital of "i" is another letter, messages and tables come out as in any other.
program turkish
  use, intrinsic :: iso_c_binding, only: c_int
  use, intrinsic :: iso_fortran_env, only: real64
  use espalier
  use testing, only: check, check_close, check_failure, done
  implicit none
  interface
    integer(c_int) function host_turkish() bind(c)
      import :: c_int
    end function
  end interface
  type(network) :: net
  type(optimizer) :: opt
  integer :: stat, unit, lines
  character(200) :: errmsg, line, table

  if (host_turkish() == 0) then
    print "(A)", "turkish: skipped, there is no such locale"
    stop
  end if
  net = network([input(2), linear(8, density=0.55, activation="tanh", initializer="he_uniform"), linear(1)], seed=1)
  opt = adam(learning_rate=0.00123)
  call check_close(opt%option("learning_rate"), 0.00123_real64, 0.0_real64, "learning_rate")
  call net%set_optimizer(opt)
  call check_close(net%optimizer_option(1, "learning_rate"), 0.00123_real64, 0.0_real64, "of the layer")
  call net%set_option("clip_norm", -0.25, stat, errmsg)
  call check_failure(stat, errmsg, espalier_error_invalid_argument, "got -0.25")
  call net%set_option("CLIP_NORM", 0.25, stat, errmsg)
  call check_failure(stat, errmsg, espalier_error_unknown_name, "CLIP_NORM")
  net = network([input(2), linear(8, initializer="HE_UNIFORM")], stat=stat, errmsg=errmsg)
  call check_failure(stat, errmsg, espalier_error_unknown_name, 'layer 1: initializer "HE_UNIFORM"')
  net = network([input(2), linear(8, density=0.5), linear(1)], seed=1)
  open (newunit=unit, status="scratch", action="readwrite")
  call net%print_info(unit)
  rewind (unit)
  table = ""
  do lines = 0, 100
    read (unit, "(A)", iostat=stat) line
    if (stat /= 0) exit
    if (lines == 1) table = line
  end do
  close (unit)
  call check(lines > 3 .and. index(table, "linear") > 0, "the table's lines")
  call net%destroy()
  call done("turkish")
end program turkish
