! The list of options from Fortran.
program options
  use, intrinsic :: iso_fortran_env, only: real64
  use espalier
  use testing, only: check, check_close, check_failure, check_ok, done
  implicit none

  call kinds
  call network_options
  call types
  call rules_by_default
  call layers_by_default
  call methods_by_name
  call what_there_is_not
  call done("options")

contains

  subroutine kinds
    character(32), allocatable :: names(:)
    call list_kinds("optimizer", names)
    call check(size(names) == 5, "five rules")
    call check(names(1) == "sgd" .and. names(5) == "adamw", "their names")
    call list_kinds("layer", names)
    call check(any(names == "dropout"), "kinds of layers")
    call list_kinds("topology", names)
    call check(any(names == "rigl"), "methods")
    call list_kinds("pruning", names)
    call check(any(names == "synflow"), "criteria")
    call list_kinds("network", names)
    call check(all(names == ["network"]), "a network is of one kind")
  end subroutine

  subroutine network_options
    type(option_description), allocatable :: listed(:)
    type(network) :: net
    integer :: i
    call list_options(listed)
    call check(size(listed) > 5, "options of a network")
    net = network([input(3), linear(2)])
    do i = 1, size(listed)
      call check_close(net%option(listed(i)%name), listed(i)%initial, 0.0_real64, listed(i)%name)
    end do
    call net%destroy()
  end subroutine

  subroutine types
    type(option_description) :: found
    found = option_of("optimizer", "adam", "beta1")
    call check(found%type == "real" .and. found%live, "beta1")
    call check(found%least >= 0 .and. found%includes_least, "beta1: its lower end")
    call check(found%greatest <= 1 .and. found%greatest >= 1 .and. .not. found%includes_greatest, "beta1: its upper end")
    call check_close(found%initial, 0.9_real64, 0.0_real64, "beta1: its default")
    found = option_of("layer", "linear", "bias")
    call check(found%type == "flag" .and. .not. found%live, "bias")
    found = option_of("topology", "rigl", "grow")
    call check(found%type == "choice", "grow")
    call check_close(found%initial, 1.0_real64, 0.0_real64, "grow: by gradient")
    found = option_of("pruning", "synflow", "rounds")
    call check(found%type == "integer", "rounds")
    call check_close(found%initial, 100.0_real64, 0.0_real64, "rounds: its default")
    found = option_of("optimizer", "sgd", "learning_rate")
    call check(found%greatest > huge(found%greatest), "no upper end")
  end subroutine

  subroutine rules_by_default
    !! A constructor without arguments has the defaults of the list.
    call by_default(sgd(), "sgd")
    call by_default(rmsprop(), "rmsprop")
    call by_default(adagrad(), "adagrad")
    call by_default(adam(), "adam")
    call by_default(adamw(), "adamw")
  end subroutine

  subroutine by_default(description, rule)
    type(optimizer), intent(in) :: description
    character(*), intent(in) :: rule
    type(optimizer) :: opt
    type(option_description), allocatable :: listed(:)
    integer :: i
    opt = description
    call list_options("optimizer", rule, listed)
    do i = 1, size(listed)
      call check_close(opt%option(listed(i)%name), listed(i)%initial, 0.0_real64, rule // " " // listed(i)%name)
    end do
    call opt%destroy()
  end subroutine

  subroutine layers_by_default
    type(network) :: net
    type(option_description), allocatable :: listed(:)
    integer :: i
    net = network([input(3), linear(2), dropout(0.5), linear(1)])
    call list_options("layer", "linear", listed)
    do i = 1, size(listed)
      if (listed(i)%name /= "units") then
        call check_close(net%layer_option(1, listed(i)%name), listed(i)%initial, 0.0_real64, "linear " // listed(i)%name)
      end if
    end do
    call net%destroy()
  end subroutine

  subroutine methods_by_name
    !! Every option of every method can be set by its name, all of them together.
    type(network) :: net
    type(topology) :: method
    type(option_description), allocatable :: listed(:)
    character(32), allocatable :: names(:)
    integer :: i, j, stat
    character(200) :: errmsg
    net = network([input(6), linear(5, density=0.5), linear(2)])
    call list_kinds("topology", names)
    do i = 1, size(names)
      call list_options("topology", names(i), listed)
      method = topology_method(names(i))
      do j = 1, size(listed)
        call method%set(trim(listed(j)%name), listed(j)%initial)
      end do
      if (size(listed) > 0) call method%set("density_end", 10)
      if (names(i) == "acdc") call method%set("phase", 1)
      call net%set_topology(method, stat=stat, errmsg=errmsg)
      call check_ok(stat, errmsg, names(i))
    end do
    call net%destroy()
  end subroutine

  type(option_description) function option_of(owner, kind, name) result(found)
    character(*), intent(in) :: owner, kind, name
    type(option_description), allocatable :: listed(:)
    integer :: i
    call list_options(owner, kind, listed)
    do i = 1, size(listed)
      if (listed(i)%name == name) found = listed(i)
    end do
    call check(found%name == name, name // " is in the list")
  end function

  subroutine what_there_is_not
    integer :: stat
    character(200) :: errmsg
    character(32), allocatable :: names(:)
    type(option_description), allocatable :: listed(:)
    call list_kinds("graph", names, stat, errmsg)
    call check(size(names) == 0, "no kinds of no owner")
    call check_failure(stat, errmsg, espalier_error_unknown_name, 'owner "graph" is not one of network, layer')
    call list_options("optimizer", "adamm", listed, stat, errmsg)
    call check(size(listed) == 0, "no options of no rule")
    call check_failure(stat, errmsg, espalier_error_unknown_name, 'optimizer "adamm" is not one of sgd, rmsprop')
    call list_options("topology", "static", listed, stat, errmsg)
    call check_ok(stat, errmsg, "static has none")
    call check(size(listed) == 0, "static has none")
  end subroutine

end program options
