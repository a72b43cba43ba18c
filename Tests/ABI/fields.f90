! Layers on fields: each constructor against what Fortran's own functions make of x(width, height, channels, batch).
program fields
  use, intrinsic :: iso_fortran_env, only: real64
  use espalier
  use testing, only: check, check_close, check_failure, done
  implicit none
  integer, parameter :: w = 4, h = 2, c = 3, batch = 2
  real(real64) :: x(w, h, c, batch)
  integer :: i
  x = reshape([(mod(7 * i, 23) - 11.0_real64, i = 1, size(x))], [w, h, c, batch])
  call pooling
  call more_places
  call reordered
  call elementwise
  call failures
  call done("fields")

contains

  subroutine expect(list, y, what)
    !! A network without parameters makes y of x.
    type(layer), intent(in) :: list(:)
    real(real64), intent(in) :: y(:, :)
      !! One column a sample.
    character(*), intent(in) :: what
    type(network) :: net
    type(layer) :: all_layers(size(list) + 1)
    real(real64) :: got(size(y, 1), size(y, 2))
    all_layers(1) = input([w, h, c])
    all_layers(2:) = list
    net = network(all_layers, precision=real64)
    call check(net%output_count() == size(y, 1), what // ": outputs")
    call net%predict(x, got)
    call check_close(maxval(abs(got - y)), 0.0_real64, 1e-14_real64, what)
    call net%destroy()
  end subroutine

  subroutine pooling
    real(real64) :: most(2, 1, c, batch), means(3, h, c, batch)
    do i = 1, 2
      most(i, 1, :, :) = maxval(maxval(x(2 * i - 1:2 * i, :, :, :), 1), 1)
    end do
    call expect([max_pooling([2, 2])], reshape(most, [2 * c, batch]), "max pooling")
    most(1, 1, :, :) = maxval(x([1, 3], 1, :, :), 1)
    most(2, 1, :, :) = maxval(x([2, 4], 1, :, :), 1)
    call expect([max_pooling([2, 1], stride=[1, 2], dilation=[2, 1])], reshape(most, [2 * c, batch]), "dilated max pooling")
    means(1, :, :, :) = x(1, :, :, :) / 2
    means(2, :, :, :) = (x(2, :, :, :) + x(3, :, :, :)) / 2
    means(3, :, :, :) = x(4, :, :, :) / 2
    call expect([average_pooling([2, 1], padding=[1, 0])], reshape(means, [3 * h * c, batch]), "average pooling")
    means(1, :, :, :) = x(1, :, :, :)
    means(3, :, :, :) = x(4, :, :, :)
    call expect([average_pooling([2, 1], padding=[1, 0], count_include_pad=.false.)], reshape(means, [3 * h * c, batch]), &
                "average pooling of places alone")
    call expect([average_pooling([2, 1], padding=[1, 1, 0, 0], count_include_pad=.false.)], &
                reshape(means, [3 * h * c, batch]), "both sides of each dimension")
    call expect([global_average_pooling()], sum(sum(x, 1), 1) / (w * h), "global average pooling")
  end subroutine

  subroutine more_places
    real(real64) :: y(2 * w, h, c, batch), z(2 * w, h, c, batch), share
    integer :: place
    y(1::2, :, :, :) = x
    y(2::2, :, :, :) = x
    call expect([upsampling([2, 1])], reshape(y, [2 * w * h * c, batch]), "nearest upsampling")
    y(2:2 * w - 1, :, :, :) = 0.75_real64 * y(2:2 * w - 1, :, :, :)
    do i = 2, 2 * w - 1
      y(i, :, :, :) = y(i, :, :, :) + 0.25_real64 * x((i + 2 * mod(i + 1, 2)) / 2, :, :, :)
    end do
    call expect([upsampling([2, 1], mode="linear")], reshape(y, [2 * w * h * c, batch]), "linear upsampling")
    do i = 1, 2 * w
      share = (i - 1) * (w - 1) / (2 * w - 1.0_real64)
      place = min(int(share), w - 2)
      share = share - place
      z(i, :, :, :) = (1 - share) * x(place + 1, :, :, :) + share * x(place + 2, :, :, :)
    end do
    call expect([upsampling([2, 1], mode="linear", align_corners=.true.)], reshape(z, [2 * w * h * c, batch]), &
                "upsampling with aligned corners")
  end subroutine

  subroutine reordered
    real(real64) :: y(w * h * c, batch), z(c, w, h, batch)
    y = reshape(x, [w * h * c, batch])
    call expect([flatten()], y, "flatten")
    call expect([reshape_to([h, c, w]), reshape_to([w, 0])], y, "reshape")
    call expect([slice(2)], y(w * h + 1:, :), "the last channels")
    call expect([slice(1, 3, dimension="width")], reshape(x(:3, :, :, :), [3 * h * c, batch]), "some of the width")
    z = reshape(x, [c, w, h, batch], order=[2, 3, 1, 4])
    call expect([permute(width="channels", height="width", channels="height")], reshape(z, [w * h * c, batch]), "permutation")
  end subroutine

  subroutine elementwise
    real(real64) :: y(w * h * c, batch)
    y = reshape(x, [w * h * c, batch])
    call expect([product_of([0, 0, 0])], y**3, "product")
    call expect([activation_layer("hard_tanh")], min(max(y, -1.0_real64), 1.0_real64), "an activation by itself")
    call expect([activation_layer("leaky_relu", negative_slope=0.5)], merge(y, y / 2, y > 0), "its slope")
    call expect([activation_layer("elu", alpha=2)], merge(y, 2 * (exp(y) - 1), y > 0), "its alpha")
    call expect([activation_layer("relu"), activation_layer("step", from=1)], merge(1.0_real64, 0.0_real64, y > 0), "step")
  end subroutine

  subroutine refused(one, fragment)
    type(layer), intent(in) :: one
    character(*), intent(in) :: fragment
    type(network) :: net
    integer :: stat
    character(300) :: errmsg
    net = network([input([w, h, c]), one], stat=stat, errmsg=errmsg)
    call check(stat /= espalier_ok, fragment)
    call check(index(errmsg, fragment) > 0, trim(errmsg))
    call check(.not. net%is_alive(), "no network after: " // fragment)
  end subroutine

  subroutine failures
    call refused(max_pooling([5, 1]), "3 x 2 x 4")
    call refused(max_pooling([1, 1, 1, 1]), "kernel")
    call refused(average_pooling([1, 1], padding=[0, 0, 1]), "padding")
    call refused(upsampling([1, 1, 2]), "no depth")
    call refused(upsampling([2], mode="cubic"), "cubic")
    call refused(reshape_to([5, 0]), "24 values")
    call refused(reshape_to([1, 1, 1, 1, 24]), "fourth dimension")
    call refused(slice(4), "channels")
    call refused(slice(dimension="time"), "time")
    call refused(permute(width="depth"), "depth")
    call refused(activation_layer("ramp"), "ramp")
  end subroutine

end program fields
