! An optimizer on arrays of every rank, in both precisions, contiguous or not.
program minimize
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use espalier
  use testing, only: check, check_close, check_failure, done, same_bits
  implicit none
  call ranks_f32
  call ranks_f64
  call sections
  call steps
  call failures
  call done("minimize")

contains

  subroutine ranks_f32
    ! The element sequence decides: every rank must give what rank 1 gives. 128 = 2**7 elements, 16 for the lower ranks.
    type(optimizer) :: opt(7)
    real(real32) :: w1(128), g(128), start(128)
    real(real32) :: w2(8, 16), w3(4, 4, 8), w4(2, 4, 4, 4), w5(2, 2, 2, 4, 4), w6(2, 2, 2, 2, 2, 4), w7(2, 2, 2, 2, 2, 2, 2)
    real(real32) :: g2(8, 16), g3(4, 4, 8), g4(2, 4, 4, 4), g5(2, 2, 2, 4, 4), g6(2, 2, 2, 2, 2, 4), g7(2, 2, 2, 2, 2, 2, 2)
    integer :: i
    start = [(sin(real(i)), i=1, 128)]
    g = [(cos(real(i)), i=1, 128)]
    w1 = start
    w2 = reshape(start, shape(w2)); w3 = reshape(start, shape(w3)); w4 = reshape(start, shape(w4))
    w5 = reshape(start, shape(w5)); w6 = reshape(start, shape(w6)); w7 = reshape(start, shape(w7))
    g2 = reshape(g, shape(g2)); g3 = reshape(g, shape(g3)); g4 = reshape(g, shape(g4))
    g5 = reshape(g, shape(g5)); g6 = reshape(g, shape(g6)); g7 = reshape(g, shape(g7))
    opt = adam(learning_rate=0.01)
    do i = 1, 3
      call opt(1)%minimize(w1, g)
      call opt(2)%minimize(w2, g2)
      call opt(3)%minimize(w3, g3)
      call opt(4)%minimize(w4, g4)
      call opt(5)%minimize(w5, g5)
      call opt(6)%minimize(w6, g6)
      call opt(7)%minimize(w7, g7)
    end do
    call check(.not. same_bits(w1, start), "weights move")
    call check(same_bits(g, reshape(g7, [128])), "the gradient is only read")
    call check(same_bits(w1, reshape(w2, [128])), "rank 2")
    call check(same_bits(w1, reshape(w3, [128])), "rank 3")
    call check(same_bits(w1, reshape(w4, [128])), "rank 4")
    call check(same_bits(w1, reshape(w5, [128])), "rank 5")
    call check(same_bits(w1, reshape(w6, [128])), "rank 6")
    call check(same_bits(w1, reshape(w7, [128])), "rank 7")
  end subroutine

  subroutine ranks_f64
    type(optimizer) :: opt(7)
    real(real64) :: w1(128), g(128), start(128)
    real(real64) :: w2(8, 16), w3(4, 4, 8), w4(2, 4, 4, 4), w5(2, 2, 2, 4, 4), w6(2, 2, 2, 2, 2, 4), w7(2, 2, 2, 2, 2, 2, 2)
    integer :: i
    start = [(sin(real(i, real64)), i=1, 128)]
    g = [(cos(real(i, real64)), i=1, 128)]
    w1 = start
    w2 = reshape(start, shape(w2)); w3 = reshape(start, shape(w3)); w4 = reshape(start, shape(w4))
    w5 = reshape(start, shape(w5)); w6 = reshape(start, shape(w6)); w7 = reshape(start, shape(w7))
    opt = sgd(learning_rate=0.1, momentum=0.9, nesterov=.true.)
    do i = 1, 2
      call opt(1)%minimize(w1, g)
      call opt(2)%minimize(w2, reshape(g, shape(w2)))
      call opt(3)%minimize(w3, reshape(g, shape(w3)))
      call opt(4)%minimize(w4, reshape(g, shape(w4)))
      call opt(5)%minimize(w5, reshape(g, shape(w5)))
      call opt(6)%minimize(w6, reshape(g, shape(w6)))
      call opt(7)%minimize(w7, reshape(g, shape(w7)))
    end do
    ! Nesterov, two steps with gradient g: g + 0.9 g, then g + 0.9 (0.9 g + g).
    do i = 1, 128
      call check_close(w1(i), start(i) - 0.1_real64 * g(i) * (1.9_real64 + 2.71_real64), 1e-15_real64, "Nesterov by hand")
    end do
    call check(same_bits(w1, reshape(w2, [128])), "rank 2, f64")
    call check(same_bits(w1, reshape(w3, [128])), "rank 3, f64")
    call check(same_bits(w1, reshape(w4, [128])), "rank 4, f64")
    call check(same_bits(w1, reshape(w5, [128])), "rank 5, f64")
    call check(same_bits(w1, reshape(w6, [128])), "rank 6, f64")
    call check(same_bits(w1, reshape(w7, [128])), "rank 7, f64")
  end subroutine

  subroutine sections
    type(optimizer) :: opt
    real(real32) :: w(4, 4), scalar
    real(real64) :: double_scalar
    real(real32), allocatable :: kept(:)
    real(real32), pointer :: p(:)
    w = 1
    opt = sgd(learning_rate=0.5)
    call opt%minimize(w(1:4:2, 2:4:2), reshape([1.0, 2.0, 3.0, 4.0], [2, 2]))
    call check(same_bits(reshape(w, [16]), [1.0, 1.0, 1.0, 1.0, 0.5, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, -0.5, 1.0, -1.0, 1.0]), &
               "a section with strides")
    allocate (kept(4), source=1.0)
    call opt%minimize(kept, kept)
    call check(same_bits(kept, [0.5, 0.5, 0.5, 0.5]), "an allocatable")
    allocate (p(4), source=2.0)
    call opt%minimize(p(4:1:-1), [1.0, 2.0, 3.0, 4.0])
    call check(same_bits(p, [0.0, 0.5, 1.0, 1.5]), "backwards through a pointer")
    deallocate (p)
    scalar = 1
    opt = sgd(learning_rate=0.25)
    call opt%minimize(scalar, 2.0)
    call check(same_bits([scalar], [0.5]), "a scalar")
    double_scalar = 1
    opt = sgd(learning_rate=0.25)
    call opt%minimize(double_scalar, 2.0_real64)
    call check(same_bits([double_scalar], [0.5_real64]), "a scalar, f64")
  end subroutine

  subroutine steps
    type(optimizer) :: opt
    real(real64) :: w(3)
    w = 1
    opt = sgd(learning_rate=1, schedule="step", step_size=2, gamma=0.5)
    call check_close(opt%option("rate"), 1.0_real64, 0.0_real64, "rate of step 0")
    call opt%minimize(w, [1.0_real64, 0.0_real64, -1.0_real64])
    call opt%minimize(w, [1.0_real64, 0.0_real64, -1.0_real64])
    call check_close(opt%option("rate"), 0.5_real64, 0.0_real64, "rate of step 2")
    call opt%set_option("learning_rate", 4.0)
    call opt%minimize(w, [1.0_real64, 0.0_real64, -1.0_real64])
    call check(same_bits(w, [-3.0_real64, 1.0_real64, 5.0_real64]), "the rate changed in mid-run")
    call check(nint(opt%option("steps")) == 3, "steps")
  end subroutine

  subroutine failures
    type(optimizer) :: opt
    real(real32) :: w(2, 3), none(0)
    real(real64) :: v(6)
    integer :: stat
    character(300) :: errmsg
    w = 1
    v = 1
    call opt%minimize(w, w, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_state, "not set")
    opt = adam(beta1=1.5)
    call opt%minimize(w, w, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "beta1")
    opt = adam(learning_rate="fast")
    call opt%minimize(w, w, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "learning_rate must be a real")
    opt = adam(schedule="sometimes")
    call opt%minimize(w, w, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, 'schedule "sometimes" is not one of constant, step')
    opt = sgd()
    call opt%minimize(w, reshape([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [3, 2]), stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "got (3, 2) for (2, 3)")
    call opt%minimize(none, none, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "count")
    call opt%minimize(w, w, stat, errmsg)
    call check(stat == espalier_ok .and. errmsg == "", "success leaves errmsg alone")
    call opt%minimize(v, v, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_precision, "")
    call opt%set_option("wings", 2, stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_unknown_name, "wings")
    call opt%set_option("momentum", "much", stat, errmsg)
    call check_failure(stat, errmsg, espalier_error_invalid_argument, "momentum must be a number")
    call check_close(opt%option("wings", stat, errmsg), 0.0_real64, 0.0_real64, "an unknown option")
    call check_failure(stat, errmsg, espalier_error_unknown_name, "wings")
    opt = sgd()
    call opt%reset(stat, errmsg)
    call check(stat == espalier_ok, "reset without state")
  end subroutine

end program minimize
