namespace PolaFormer.LongRange.Data;

/// <summary>One row of a task, without padding.</summary>
/// <param name="First">The sequence, a byte a token; its task says what is added to make the tokens' numbers.</param>
/// <param name="Second">The sequence that it is compared with; null where there is none.</param>
/// <param name="Label">Position of the answer among the task's classes.</param>
public sealed record SequenceExample(byte[] First, byte[]? Second, int Label);
