!> Two pictures of a training, drawn by gnuplot from data that this module writes.
module pictures
  use, intrinsic :: iso_fortran_env, only: int8, real64
  implicit none
  private
  public :: draw_accuracy, draw_connections

contains

  subroutine draw_accuracy(scripts, directory, accuracy, title, message)
    !! Accuracy over epochs: directory/accuracy.png.
    character(*), intent(in) :: scripts
      !! The folder of accuracy.gp.
    character(*), intent(in) :: directory, title
    real(real64), intent(in) :: accuracy(:)
    character(:), allocatable, intent(inout) :: message
      !! Allocated in a failure.
    integer :: epoch, status, unit
    character(256) :: reason
    character(:), allocatable :: file
    file = directory // "/accuracy.dat"
    open (newunit=unit, file=file, status="replace", action="write", iostat=status, iomsg=reason)
    do epoch = 1, size(accuracy)
      if (status == 0) write (unit, "(I0, 1X, F8.6)", iostat=status, iomsg=reason) epoch, accuracy(epoch)
    end do
    call finish(unit, file, size(accuracy), status, reason, message)
    if (.not. allocated(message)) call draw(scripts // "/accuracy.gp", file, directory // "/accuracy.png", title, message)
  end subroutine

  subroutine draw_connections(scripts, directory, before, after, title, message)
    !! How many connections each input pixel has, before and after: directory/connections.png.
    character(*), intent(in) :: scripts
      !! The folder of connections.gp.
    character(*), intent(in) :: directory, title
    integer, intent(in) :: before(:, :), after(:, :)
      !! Counts of the pixels (column, row).
    character(:), allocatable, intent(inout) :: message
      !! Allocated in a failure.
    integer :: status, unit
    character(256) :: reason
    character(:), allocatable :: file
    file = directory // "/connections.dat"
    open (newunit=unit, file=file, status="replace", action="write", iostat=status, iomsg=reason)
    call write_rows(before)
    ! gnuplot tells data sets in a file apart by two empty lines.
    if (status == 0) write (unit, "(/)", iostat=status, iomsg=reason)
    call write_rows(after)
    call finish(unit, file, size(before, 2) + 2 + size(after, 2), status, reason, message)
    if (.not. allocated(message)) then
      call draw(scripts // "/connections.gp", file, directory // "/connections.png", title, message)
    end if

  contains

    subroutine write_rows(counts)
      integer, intent(in) :: counts(:, :)
      integer :: row
      do row = 1, size(counts, 2)
        if (status == 0) write (unit, "(*(I0, 1X))", iostat=status, iomsg=reason) counts(:, row)
      end do
    end subroutine

  end subroutine

  subroutine finish(unit, file, lines, status, reason, message)
    !! Close a file that was written, and make sure that it holds what was: gfortran 12 does not tell of a full disk.
    integer, intent(in) :: unit
    character(*), intent(in) :: file
    integer, intent(in) :: lines
    integer, intent(inout) :: status
    character(*), intent(inout) :: reason
    character(:), allocatable, intent(inout) :: message
    integer :: again, line
    if (status == 0) close (unit, iostat=status, iomsg=reason)
    if (status == 0) open (newunit=again, file=file, status="old", action="read", iostat=status, iomsg=reason)
    if (status /= 0) then
      message = "cannot write " // file // ": " // trim(reason)
      return
    end if
    do line = 1, lines
      if (status == 0) read (again, "(A)", iostat=status)
    end do
    close (again)
    if (status /= 0) message = file // " is not complete; is the disk full?"
  end subroutine

  subroutine draw(script, data, picture, title, message)
    character(*), intent(in) :: script, data, picture, title
    character(:), allocatable, intent(inout) :: message
    integer :: exit_status, command_status
    character(256) :: reason
    character(:), allocatable :: command
    reason = ""
    exit_status = 0
    command = "gnuplot -c " // quoted(script) // " " // quoted(data) // " " // quoted(picture) // " " // quoted(title)
    call execute_command_line(command, exitstat=exit_status, cmdstat=command_status, cmdmsg=reason)
    if (exit_status == 127) then
      message = "gnuplot is not installed; " // picture // " was not drawn (its data are in " // data // ")"
    else if (command_status /= 0) then
      message = "cannot run gnuplot: " // trim(reason)
    else if (exit_status /= 0) then
      message = "gnuplot could not draw " // picture // " (its data are in " // data // ")"
    else if (.not. is_complete(picture)) then
      message = picture // " is not complete; is the disk full? Its data are in " // data
    end if
  end subroutine

  function quoted(text)
    !! One word for the shell, whatever is in it.
    character(*), intent(in) :: text
    character(:), allocatable :: quoted
    integer :: i
    quoted = "'"
    do i = 1, len(text)
      if (text(i:i) == "'") then
        quoted = quoted // "'\''"
      else
        quoted = quoted // text(i:i)
      end if
    end do
    quoted = quoted // "'"
  end function

  logical function is_complete(picture)
    !! Whether a PNG file has its end: gnuplot does not always say when the disk is full.
    character(*), intent(in) :: picture
    character(1) :: last(8)
    integer :: length, status, unit
    is_complete = .false.
    open (newunit=unit, file=picture, access="stream", form="unformatted", status="old", action="read", iostat=status)
    if (status /= 0) return
    inquire (unit=unit, size=length)
    if (length > 8) then
      read (unit, pos=length - 7, iostat=status) last
      is_complete = status == 0 .and. all(last(1:4) == ["I", "E", "N", "D"])
    end if
    close (unit)
  end function

end module pictures
