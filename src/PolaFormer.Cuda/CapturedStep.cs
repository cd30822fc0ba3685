namespace PolaFormer.Cuda;

/// <summary>Where kernels of captured work find the number of the training step that they are run for.</summary>
/// <param name="Address">A whole number of 64 bits; 0 where work is not captured.</param>
/// <param name="First">The step's number while it was captured.</param>
internal readonly record struct CapturedStep(nint Address, ulong First);
