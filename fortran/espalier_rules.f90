!> The optimizers' rules as functions of their hyperparameters. Every argument is optional; reals may be of either kind;
!> names, meanings and defaults are those of `espalier_optimizer_set` in `espalier.h`, which are PyTorch's.
module espalier_rules
  use :: espalier_c, only: espalier_adagrad, espalier_adam, espalier_adamw, espalier_rmsprop, espalier_sgd
  use :: espalier_options, only: option_list
  use :: espalier_optimizers, only: new_optimizer, optimizer
  implicit none
  private
  public :: adagrad, adam, adamw, rmsprop, sgd

  character(*), parameter :: schedules(0:3) = [character(16) :: "constant", "step", "exponential", "cosine"]

contains

  type(optimizer) function sgd(learning_rate, momentum, dampening, nesterov, weight_decay, schedule, step_size, gamma, &
                               period, minimum_rate, warmup, warmup_start) result(description)
    !! Stochastic gradient descent.
    class(*), intent(in), optional :: learning_rate, momentum, dampening, weight_decay
    logical, intent(in), optional :: nesterov
    character(*), intent(in), optional :: schedule
      !! "constant", "step" (step_size, gamma), "exponential" (gamma) or "cosine" (period, minimum_rate)
    class(*), intent(in), optional :: step_size, gamma, period, minimum_rate, warmup, warmup_start
    type(option_list) :: options
    call common(options, learning_rate, weight_decay, schedule, step_size, gamma, period, minimum_rate, &
                warmup, warmup_start)
    call options%add("momentum", momentum)
    call options%add("dampening", dampening)
    call options%add_flag("nesterov", nesterov)
    description = new_optimizer(espalier_sgd, options)
  end function

  type(optimizer) function rmsprop(learning_rate, alpha, epsilon, momentum, centered, weight_decay, schedule, step_size, &
                                   gamma, period, minimum_rate, warmup, warmup_start) result(description)
    !! RMSProp (Hinton).
    class(*), intent(in), optional :: learning_rate, alpha, epsilon, momentum, weight_decay
    logical, intent(in), optional :: centered
    character(*), intent(in), optional :: schedule
    class(*), intent(in), optional :: step_size, gamma, period, minimum_rate, warmup, warmup_start
    type(option_list) :: options
    call common(options, learning_rate, weight_decay, schedule, step_size, gamma, period, minimum_rate, &
                warmup, warmup_start)
    call options%add("alpha", alpha)
    call options%add("epsilon", epsilon)
    call options%add("momentum", momentum)
    call options%add_flag("centered", centered)
    description = new_optimizer(espalier_rmsprop, options)
  end function

  type(optimizer) function adagrad(learning_rate, lr_decay, initial_accumulator, epsilon, weight_decay, schedule, &
                                   step_size, gamma, period, minimum_rate, warmup, warmup_start) result(description)
    !! Adagrad (Duchi et al. 2011).
    class(*), intent(in), optional :: learning_rate, lr_decay, initial_accumulator, epsilon, weight_decay
    character(*), intent(in), optional :: schedule
    class(*), intent(in), optional :: step_size, gamma, period, minimum_rate, warmup, warmup_start
    type(option_list) :: options
    call common(options, learning_rate, weight_decay, schedule, step_size, gamma, period, minimum_rate, &
                warmup, warmup_start)
    call options%add("lr_decay", lr_decay)
    call options%add("initial_accumulator", initial_accumulator)
    call options%add("epsilon", epsilon)
    description = new_optimizer(espalier_adagrad, options)
  end function

  type(optimizer) function adam(learning_rate, beta1, beta2, epsilon, amsgrad, weight_decay, schedule, step_size, gamma, &
                                period, minimum_rate, warmup, warmup_start) result(description)
    !! Adam (Kingma and Ba 2015); weight decay is added to the gradient.
    class(*), intent(in), optional :: learning_rate, beta1, beta2, epsilon, weight_decay
    logical, intent(in), optional :: amsgrad
    character(*), intent(in), optional :: schedule
    class(*), intent(in), optional :: step_size, gamma, period, minimum_rate, warmup, warmup_start
    type(option_list) :: options
    call common(options, learning_rate, weight_decay, schedule, step_size, gamma, period, minimum_rate, &
                warmup, warmup_start)
    call moments(options, beta1, beta2, epsilon, amsgrad)
    description = new_optimizer(espalier_adam, options)
  end function

  type(optimizer) function adamw(learning_rate, beta1, beta2, epsilon, amsgrad, weight_decay, schedule, step_size, gamma, &
                                 period, minimum_rate, warmup, warmup_start) result(description)
    !! Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    class(*), intent(in), optional :: learning_rate, beta1, beta2, epsilon, weight_decay
    logical, intent(in), optional :: amsgrad
    character(*), intent(in), optional :: schedule
    class(*), intent(in), optional :: step_size, gamma, period, minimum_rate, warmup, warmup_start
    type(option_list) :: options
    call common(options, learning_rate, weight_decay, schedule, step_size, gamma, period, minimum_rate, &
                warmup, warmup_start)
    call moments(options, beta1, beta2, epsilon, amsgrad)
    description = new_optimizer(espalier_adamw, options)
  end function

  subroutine common(options, learning_rate, weight_decay, schedule, step_size, gamma, period, minimum_rate, warmup, &
                    warmup_start)
    type(option_list), intent(inout) :: options
    class(*), intent(in), optional :: learning_rate, weight_decay
    character(*), intent(in), optional :: schedule
    class(*), intent(in), optional :: step_size, gamma, period, minimum_rate, warmup, warmup_start
    call options%add("learning_rate", learning_rate)
    call options%add("weight_decay", weight_decay)
    call options%add_name("schedule", schedule, schedules)
    call options%add("step_size", step_size)
    call options%add("gamma", gamma)
    call options%add("period", period)
    call options%add("minimum_rate", minimum_rate)
    call options%add("warmup", warmup)
    call options%add("warmup_start", warmup_start)
  end subroutine

  subroutine moments(options, beta1, beta2, epsilon, amsgrad)
    type(option_list), intent(inout) :: options
    class(*), intent(in), optional :: beta1, beta2, epsilon
    logical, intent(in), optional :: amsgrad
    call options%add("beta1", beta1)
    call options%add("beta2", beta2)
    call options%add("epsilon", epsilon)
    call options%add_flag("amsgrad", amsgrad)
  end subroutine

end module espalier_rules
