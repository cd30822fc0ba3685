namespace PolaFormer.Training;

/// <summary>A run cannot go on; the message is one line for the user: what happened, where, and what to do.</summary>
/// <param name="message">The line.</param>
/// <param name="inner">What caused it.</param>
public sealed class TrainingException(string message, Exception? inner = null) : Exception(message, inner);
