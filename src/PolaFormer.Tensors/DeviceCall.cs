namespace PolaFormer.Tensors;

/// <summary>One call of a device, as <see cref="ProfilingDevice"/> saw it.</summary>
/// <param name="Caller">The part of the program that called: a module's full name.</param>
/// <param name="Operator">The device's method, with the function where it takes one.</param>
/// <param name="Result">Shape of what was computed; of the incoming gradient in a backward call with several results.</param>
/// <param name="Time">Wall-clock time.</param>
/// <param name="MultiplyAccumulates">Multiply-accumulates of the formula; 0 for what is no product.</param>
/// <param name="Bytes">Bytes of the operands and results, each counted once.</param>
public readonly record struct DeviceCall(string Caller, string Operator, Shape Result, TimeSpan Time, long MultiplyAccumulates, long Bytes);
