!> What the user chooses on the command line of mnist, as key=value.
module choices
  use, intrinsic :: iso_fortran_env, only: real64
  implicit none
  private
  public :: choice_set, help, read_choices

  integer, parameter :: text_length = 512

  type :: choice_set
    logical :: help = .false.
    logical :: validate = .false.
    character(text_length) :: data = "digits"
    character(text_length) :: directory = "examples/data"
    character(text_length) :: plot = "examples/plot"
    character(text_length) :: pictures = "."
    character(text_length) :: method = "rigl"
    real(real64) :: density = 0.1_real64
    real(real64) :: learning_rate = 0.1_real64
    real(real64) :: weight_decay = 1.0e-3_real64
    real(real64) :: drop_fraction = 0.3_real64
    integer :: epochs = 80
    integer :: batch = 32
    integer :: every = 20
    integer :: seed = 1
    integer :: threads = 0
  end type

contains

  subroutine help
    print "(A)", "mnist [key=value]...   trains a sparse network 784-300-100-10 (64-300-100-10) to read digits", &
      "  data=digits          or mnist", &
      "  directory=examples/data    of digits.csv, or of the four unpacked IDX files of MNIST", &
      "  method=rigl          or set, static: how the pattern of connections changes", &
      "  density=0.1          share of the connections that there are", &
      "  epochs=80            30 for mnist", &
      "  batch=32             100 for mnist", &
      "  learning_rate=0.1    0.2 for mnist: at the start; it falls to 0 along a cosine", &
      "  weight_decay=1e-3    5e-4 for mnist", &
      "  every=20             steps between changes of the pattern; 100 for mnist", &
      "  drop_fraction=0.3    share of the connections that move in the first change", &
      "  seed=1", &
      "  validate=f           t: accuracy on a sixth of the training pictures, which are held out; no pictures", &
      "  threads=0            0: as many as there are cores", &
      "  pictures=.           folder for accuracy.png and connections.png; empty: no pictures", &
      "  plot=examples/plot   folder of the gnuplot scripts"
  end subroutine

  subroutine read_choices(chosen, message)
    type(choice_set), intent(out) :: chosen
    character(:), allocatable, intent(inout) :: message
      !! Allocated in a failure.
    character(text_length) :: argument
    integer :: i, pass
    ! First the data set, which decides the defaults, then everything.
    do pass = 1, 2
      do i = 1, command_argument_count()
        call get_command_argument(i, argument)
        if (pass == 1 .and. argument(:5) /= "data=") cycle
        call choose(chosen, argument, message)
        if (allocated(message)) return
      end do
      if (pass == 1 .and. chosen%data == "mnist") then
        chosen%directory = "build/mnist"
        chosen%epochs = 30
        chosen%batch = 100
        chosen%every = 100
        chosen%learning_rate = 0.2_real64
        chosen%weight_decay = 5.0e-4_real64
      end if
    end do
    if (chosen%epochs < 1 .or. chosen%batch < 1) message = "epochs and batch must be >= 1"
  end subroutine

  subroutine choose(chosen, argument, message)
    type(choice_set), intent(inout) :: chosen
    character(*), intent(in) :: argument
    character(:), allocatable, intent(inout) :: message
    character(text_length) :: value
    integer :: equals, status
    if (argument == "help" .or. argument == "--help" .or. argument == "-h") then
      chosen%help = .true.
      return
    end if
    equals = index(argument, "=")
    value = argument(equals + 1:)
    status = 0
    select case (argument(:max(equals - 1, 0)))
    case ("data")
      chosen%data = value
      if (value /= "digits" .and. value /= "mnist") status = 1
    case ("method")
      chosen%method = value
      if (value /= "rigl" .and. value /= "set" .and. value /= "static") status = 1
    case ("directory")
      chosen%directory = value
    case ("plot")
      chosen%plot = value
    case ("pictures")
      chosen%pictures = value
    case ("density")
      read (value, *, iostat=status) chosen%density
    case ("learning_rate")
      read (value, *, iostat=status) chosen%learning_rate
    case ("weight_decay")
      read (value, *, iostat=status) chosen%weight_decay
    case ("drop_fraction")
      read (value, *, iostat=status) chosen%drop_fraction
    case ("epochs")
      read (value, *, iostat=status) chosen%epochs
    case ("batch")
      read (value, *, iostat=status) chosen%batch
    case ("every")
      read (value, *, iostat=status) chosen%every
    case ("seed")
      read (value, *, iostat=status) chosen%seed
    case ("threads")
      read (value, *, iostat=status) chosen%threads
    case ("validate")
      read (value, *, iostat=status) chosen%validate
    case default
      status = 1
    end select
    if (status /= 0) message = "cannot understand " // trim(argument) // "; mnist help lists what can be chosen"
  end subroutine

end module choices
